// Reads pieces of a body as base64, one a line, and prints the events that eventsource-parser finds.
import { createParser } from "eventsource-parser";

const events = [];
const parser = createParser({ onEvent: (event) => events.push([event.id, event.event, event.data]) });
const decoder = new TextDecoder();
let input = "";
for await (const chunk of process.stdin) input += chunk;
for (const line of input.split("\n")) {
  if (line) parser.feed(decoder.decode(Buffer.from(line, "base64"), { stream: true }));
}
console.log(JSON.stringify(events));
