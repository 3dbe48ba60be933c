import ssl

import httpx

context = ssl.create_default_context(cafile="@ca@")
context.load_cert_chain("@fullchain@", "@key@")
with httpx.Client(verify=context) as client:
    response = client.get("https://@authority@/")
    response.raise_for_status()
    print(response.text)
