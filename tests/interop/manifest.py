"""Judges Kubernetes manifests by the schema of the API (kubernetes-validate); prints what is no part of it, as JSON lines.

Arguments: FILE…. An object that the schema refuses is a failure, as is a file without objects.
"""

import json
import sys

import kubernetes_validate
import yaml

for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        documents = list(yaml.safe_load_all(file))
    if not documents:
        sys.exit(f"{path}: nothing in it")
    for document in documents:
        if "." in document["apiVersion"].split("/")[0]:
            print(json.dumps(document))
        else:
            kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
