"""The store: FHIR resources as received, with version, source, time and person; nothing accepted is ever lost.

Writing: `ingest.ingest` (files) on `writing.commit` (one set of prepared resources, one transaction). Reading:
`reads`. Rules worth remembering:

- a resource is known by (source, type, id): two hospitals may both have a Patient/1;
- the same content again changes nothing, also when it is older than what is there; other content is a new version;
- persons are dense numbers, given when a Patient arrives; what refers to a Patient who has not arrived yet waits in
  `Pending` and is resolved when they do;
- what is refused is kept as it came, with the reason (`Refusal`); what is doubtful about identity waits in `Review`.
"""
