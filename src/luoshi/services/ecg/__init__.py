"""Remote ECG (远程心电).

Serves the clauses on shared ECG centres (资源共享五大中心, 基层检查上级诊断). A township centre sends a waveform - WFDB,
DICOM or HL7 aECG - with a request; a reader of the alliance sees it on calibrated paper with measured intervals, and reports
within the promised minutes; a critical value is answered by who asked. The report is a DiagnosticReport with its Observations
in the resident's record.
"""
