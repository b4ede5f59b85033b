// Follows a stream until the server says that it is over, or so many events came; then prints what came.
// Usage: node follow.mjs URL EVENTS NAME…
import { EventSource } from "eventsource";

const [url, until, ...names] = process.argv.slice(2);
const report = { events: [], openAtError: [], connectionErrors: 0 };
const source = new EventSource(url);

for (const name of new Set([...names, "error"])) {
  source.addEventListener(name, (event) => {
    if (event instanceof MessageEvent) {
      report.events.push([event.lastEventId, event.type, event.data]);
      if (name === "error") report.openAtError.push(source.readyState === EventSource.OPEN);
      if (report.events.length === Number(until)) {
        source.close();
        console.log(JSON.stringify(report));
      }
      return;
    }
    report.connectionErrors += 1;
    if (source.readyState === EventSource.CLOSED) {
      report.code = event.code;
      console.log(JSON.stringify(report));
    }
  });
}
