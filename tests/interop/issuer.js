// Judges issuers of cert-manager, a JSON object a line on standard input, by the schemas of its definitions
// (@kubernetes-models/cert-manager). Prints the kind of each that is valid.
const readline = require("node:readline");
const models = require("@kubernetes-models/cert-manager/cert-manager.io/v1");

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const object = JSON.parse(line);
  new models[object.kind](object).validate();
  console.log(object.kind);
});
