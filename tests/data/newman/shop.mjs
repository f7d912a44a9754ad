import { createServer } from "node:http";
const failing = process.argv[2] === "failing";
createServer((request, response) => {
  const answer = (status, body) => response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  if (request.url === "/articles") return answer(200, [{ id: 1 }, { id: 2 }, { id: 3 }]);
  if (request.url === "/orders") return failing ? answer(500, { total: "0 €" }) : answer(201, { total: "12 €" });
  return answer(200, {});
}).listen(4010, "127.0.0.1");
