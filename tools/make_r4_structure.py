"""Derive our compact table of FHIR R4 (4.0.1) from the official definitions.

Usage: `python tools/make_r4_structure.py FOLDER`, where FOLDER holds `profiles-types.json`, `profiles-resources.json`,
`valuesets.json`, `v3-codesystems.json` and `v2-tables.json` as HL7 published them on 2019-11-01 (HL7 International,
CC0 1.0). Writes `structure.json` (types and their elements) and `codes.json` (the codes of required bindings) into
`src/luoshi/catalog/codes/r4/`. An element is one line of text: `min..max TYPES [=value set]`, where TYPES is

- `code|Period`: primitive or complex types, several for a choice;
- `Reference(Patient,Group)`: a reference with its allowed targets (`Reference` alone: any);
- `@Observation.component`: an element that has elements of its own.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

OUT = Path(__file__).resolve().parent.parent / "src/luoshi/catalog/codes/r4"
CORE = "http://hl7.org/fhir/StructureDefinition/"
# Elements that the carrier package added to its copy of the definitions; R4 does not have them.
NOT_R4 = {"Binary.url", "Meta.project", "Meta.author", "Meta.account"}
# Bound to a grammar or to an outside list, not to an enumerated value set: handled in `structure_primitives.py`.
OPEN = {"mimetypes", "currencies", "ucum-units"}


def main(folder: Path) -> None:
    """Read the definitions in `folder` and write the two tables."""
    definitions = [
        resource
        for name in ("profiles-types", "profiles-resources")
        for resource in _resources(folder / f"{name}.json")
        if resource["resourceType"] == "StructureDefinition"
        and resource["fhirVersion"] == "4.0.1"
        and resource["kind"] in ("complex-type", "resource")
        and (resource.get("derivation") != "constraint")
    ]
    types: dict[str, dict[str, Any]] = {}
    used: set[str] = set()
    for definition in sorted(definitions, key=lambda d: d["name"]):
        _add(definition, types, used)
    codes = _codes(folder, used)
    OUT.mkdir(parents=True, exist_ok=True)
    _write(OUT / "structure.json", types)
    _write(OUT / "codes.json", codes)
    print(f"{len(types)} types, {len(codes)} value sets")


def _resources(path: Path) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in json.loads(path.read_text("utf-8"))["entry"]]


def _add(definition: dict[str, Any], types: dict[str, dict[str, Any]], used: set[str]) -> None:
    name = definition["name"]
    base = definition.get("baseDefinition", "").removeprefix(CORE)
    elements = definition["snapshot"]["element"]
    parents = {e["path"].rpartition(".")[0] for e in elements}
    types[name] = {"base": base, "kind": definition["kind"], "elements": {}}
    if definition.get("abstract"):
        types[name]["abstract"] = True
    for element in elements[1:]:
        path = element["path"]
        owner, _, leaf = path.rpartition(".")
        if path in NOT_R4 or element["base"]["path"] != path:
            continue  # inherited: stands with the type it comes from
        kind = _types(element, path if path in parents else None)
        text = f"{element['min']}..{element['max']} {kind}"
        binding = element.get("binding", {})
        if binding.get("strength") == "required":
            value_set = binding["valueSet"].split("|")[0]
            if value_set.startswith("http://hl7.org/fhir/ValueSet/"):
                value_set = value_set.rpartition("/")[2]
                used.add(value_set)
                text += f" ={value_set}"
        if path in parents:
            types[path] = {"base": element["type"][0]["code"], "kind": "backbone", "elements": {}}
        types[owner]["elements"][leaf] = text


def _types(element: dict[str, Any], own: str | None) -> str:
    if "contentReference" in element:
        return "@" + element["contentReference"].removeprefix("#")
    if own:
        return "@" + own
    names = []
    for kind in element["type"]:
        code = kind["code"]
        if code.startswith("http://hl7.org/fhirpath/System."):
            code = next(e.get("valueUrl") or e.get("valueUri") for e in kind["extension"])
            code = "id" if element["base"]["path"] == "Resource.id" else code
        profiles = [p.removeprefix(CORE) for p in kind.get("profile", [])]
        if code == "Quantity" and profiles in (["SimpleQuantity"], ["MoneyQuantity"]):
            code = profiles[0]
        targets = sorted({t.removeprefix(CORE) for t in kind.get("targetProfile", [])})
        if code == "Reference" and targets and targets != ["Resource"]:
            code += f"({','.join(targets)})"
        names.append(code)
    return "|".join(dict.fromkeys(names))


def _codes(folder: Path, used: set[str]) -> dict[str, dict[str, list[str]]]:
    value_sets: dict[str, Any] = {}
    systems: dict[str, Any] = {}
    for name in ("valuesets", "v3-codesystems", "v2-tables"):
        for resource in _resources(folder / f"{name}.json"):
            (value_sets if resource["resourceType"] == "ValueSet" else systems)[resource["url"]] = resource
    expanded: dict[str, dict[str, list[str]]] = {}
    for name in sorted(used - OPEN):
        found: dict[str, set[str]] = {}
        for include in value_sets[f"http://hl7.org/fhir/ValueSet/{name}"]["compose"]["include"]:
            if include.keys() & {"filter", "valueSet"}:
                raise SystemExit(f"{name}: filters and imports are not understood")
            listed = include.get("concept") or systems[include["system"]]["concept"]
            found.setdefault(include["system"], set()).update(_below(listed))
        expanded[name] = {system: sorted(codes) for system, codes in sorted(found.items())}
    return expanded


def _below(concepts: list[dict[str, Any]]) -> set[str]:
    return {c["code"] for c in concepts} | {code for c in concepts for code in _below(c.get("concept", []))}


def _write(path: Path, table: dict[str, Any]) -> None:
    """One line per top-level entry: small, and a change shows as a changed line."""
    lines = (f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in table.items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
