"""Derives the schema files of this folder from the vendors' published ones. Run once per vendor release.

    python3 extract.py meta-openapi   OPENAPI.yaml       > meta-send.schema.json
    python3 extract.py meta-webhook   FIXED.schema.json  > meta-webhook.schema.json
    python3 extract.py meta-samples   SAMPLES.json       > meta-webhook.samples.json
    python3 extract.py google-gemini  AIPLATFORM.json    > google-gemini.discovery.json
    python3 extract.py google-calendar CALENDAR.json     > google-calendar.discovery.json

Descriptions and examples are dropped: nothing here is read by people. README.md names the sources.
"""

import json
import sys

PROSE = {"description", "example", "examples", "enumDescriptions", "discriminator", "annotations", "title"}


def without_prose(node, inside_properties=False):
    if isinstance(node, dict):
        return {
            key: without_prose(value, not inside_properties and key in ("properties", "$defs", "schemas"))
            for key, value in node.items()
            if inside_properties or key not in PROSE
        }
    if isinstance(node, list):
        return [without_prose(item) for item in node]
    return node


def references(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value.rsplit("/", 1)[-1]
            else:
                yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def closure(schemas, roots):
    found, todo = {}, list(roots)
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = schemas[name]
            todo.extend(references(schemas[name]))
    return dict(sorted(found.items()))


def relocated(node):
    if isinstance(node, dict):
        return {
            key: "#/$defs/" + value.rsplit("/", 1)[-1] if key == "$ref" and isinstance(value, str) else relocated(value)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [relocated(item) for item in node]
    return node


def meta_openapi(path):
    import yaml

    with open(path, encoding="utf-8") as file:
        schemas = yaml.safe_load(file)["components"]["schemas"]
    roots = ["InteractiveObject", "TemplateObject", "MarkMessageRequestPayload", "MessageResponsePayload", "MediaObject_1"]
    defs = relocated(without_prose(closure(schemas, roots)))
    # A complete send body can never satisfy the published schema (`allOf` beside `additionalProperties: false`),
    # so the parts are taken one by one; text is written inline there.
    text = without_prose(schemas["TextMessage"]["allOf"][1]["properties"]["text"])
    text["required"] = ["body"]
    defs["TextObject"] = text
    # Published later than v23.0.
    interactive = defs["InteractiveObject"]["properties"]["type"]["enum"]
    interactive += ["cta_url", "location_request_message", "request_contact_info"]
    string = {"type": "string"}
    cta = {
        "type": "object",
        "required": ["display_text", "url"],
        "properties": {"display_text": {"type": "string", "maxLength": 20}, "url": string},
    }
    defs["ActionObject"]["oneOf"] += [
        {"required": ["name", "parameters"], "properties": {"name": {"enum": ["cta_url"]}, "parameters": cta}},
        {"required": ["name"], "properties": {"name": {"enum": ["send_location", "request_contact_info"]}}},
    ]
    # Wrong as published: the policy is optional, and the pattern of the index is not the documented 0 to 9.
    defs["LanguageObject"]["required"] = ["code"]
    defs["TemplateComponent"]["properties"]["index"]["pattern"] = "^[0-9]$"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": defs}


def meta_webhook(path):
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    return without_prose({key: schema[key] for key in ("$schema", "$ref", "$defs")})


def meta_samples(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)["samples"]


def google_gemini(path):
    with open(path, encoding="utf-8") as file:
        schemas = json.load(file)["schemas"]
    prefix = "GoogleCloudAiplatformV1"
    roots = [prefix + "GenerateContentRequest", prefix + "GenerateContentResponse"]
    kept = json.dumps({"schemas": without_prose(closure(schemas, roots))})
    return json.loads(kept.replace(prefix, ""))


def google_calendar(path):
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    roots = ["Channel", "Event", "Events", "FreeBusyRequest", "FreeBusyResponse"]
    events = document["resources"]["events"]["methods"]
    parameters = {
        name: sorted(events[name]["parameters"]) + sorted(document["parameters"])
        for name in ("insert", "get", "list", "patch", "update", "delete", "watch")
    }
    return {"schemas": without_prose(closure(document["schemas"], roots)), "parameters": parameters}


def main():
    kinds = {
        "meta-openapi": meta_openapi,
        "meta-webhook": meta_webhook,
        "meta-samples": meta_samples,
        "google-gemini": google_gemini,
        "google-calendar": google_calendar,
    }
    if len(sys.argv) != 3 or sys.argv[1] not in kinds:
        sys.exit(__doc__)
    json.dump(kinds[sys.argv[1]](sys.argv[2]), sys.stdout, indent=1, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
