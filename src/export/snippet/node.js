const fs = require("node:fs");
const https = require("node:https");

const options = {
  cert: fs.readFileSync("@fullchain@"),
  key: fs.readFileSync("@key@"),
  ca: fs.readFileSync("@ca@"),
  requestCert: true,
  rejectUnauthorized: true,
  minVersion: "TLSv1.2",
};
const server = https.createServer(options, (request, response) => {
  response.end(`hello ${request.socket.getPeerCertificate().subject.CN}\n`);
});
server.listen(@port@, "@address@");
