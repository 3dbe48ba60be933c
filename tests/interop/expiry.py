"""What others read of the reports of pkit expiry: metrics by prometheus_client, calendars by icalendar, tables by csv, manifests by
PyYAML. Prints what they found as JSON."""

import csv
import json
import sys


def metrics(path):
    from prometheus_client.parser import text_string_to_metric_families

    with open(path, newline="") as file:
        families = list(text_string_to_metric_families(file.read()))
    names = [family.name for family in families]
    assert len(names) == len(set(names)), "a metric is announced twice"
    samples, seen = [], set()
    for family in families:
        assert family.type == "gauge" and family.documentation, family
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in seen, f"two series have the same labels: {key}"
            seen.add(key)
            samples.append({"name": sample.name, "labels": sample.labels, "value": sample.value})
    return samples


def calendar(path):
    from icalendar import Calendar

    with open(path, "rb") as file:
        parsed = Calendar.from_ical(file.read())
    assert parsed["VERSION"] == "2.0" and not parsed.errors
    events = []
    for event in parsed.walk("VEVENT"):
        assert not event.errors, event.errors
        alarms = [alarm["TRIGGER"].dt.total_seconds() for alarm in event.walk("VALARM")]
        events.append({
            "uid": str(event["UID"]),
            "summary": str(event["SUMMARY"]),
            "description": str(event["DESCRIPTION"]),
            "start": event["DTSTART"].dt.isoformat(),
            "alarms": alarms,
        })
    return events


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def manifests(path):
    import yaml

    with open(path) as file:
        return list(yaml.safe_load_all(file))


print(json.dumps({"metrics": metrics, "calendar": calendar, "table": table, "manifests": manifests}[sys.argv[1]](sys.argv[2])))
