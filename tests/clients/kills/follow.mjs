// Follows a codebase and one of its sessions to the session's end; prints what it got. Usage: node follow.mjs CLIENT URL
// CODEBASE SESSION
const [client, url, id, session] = process.argv.slice(2);
const { Ledger } = await import(client);
const codebase = new Ledger({ url }).codebase(id);
const got = { whole: [], session: [], taken: [], losses: 0 };
const onTrouble = (reason) => (got.losses += reason ? 1 : 0);

async function whole() {
  for await (const event of codebase.events({ after: 0, cursor: (last) => void got.taken.push(last), onTrouble })) {
    got.whole.push([event.id, event.raw]);
    if (event.event === "complete") return;
  }
}

async function alone() {
  for await (const event of codebase.events({ session })) got.session.push([event.id, event.raw]);
}

await Promise.all([whole(), alone()]);
console.log(JSON.stringify(got));
