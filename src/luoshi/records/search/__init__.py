"""Searching FHIR resources: which parameters there are, and whether a resource matches a value. Pure: the store finds
candidates (`platform.store.search`), this decides."""
