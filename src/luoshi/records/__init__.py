"""FHIR R4 records: validate, identify the person, flatten by ViewDefinition."""
