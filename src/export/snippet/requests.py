import requests

response = requests.get(
    "https://@authority@/",
    verify="@ca@",
    cert=("@fullchain@", "@key@"),
    timeout=10,
)
response.raise_for_status()
print(response.text)
