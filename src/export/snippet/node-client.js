const fs = require("node:fs");
const https = require("node:https");

const options = {
  cert: fs.readFileSync("@fullchain@"),
  key: fs.readFileSync("@key@"),
  ca: fs.readFileSync("@ca@"),
};
https.get("https://@authority@/", options, (response) => response.pipe(process.stdout));
