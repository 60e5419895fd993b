// People, groups, filters, delta with the page iterator, batch (W27–W32, W35).
import assert from "node:assert/strict";
import { test } from "node:test";
import { BatchRequestContent, BatchResponseContent, PageIterator } from "@microsoft/microsoft-graph-client";
import { graph, refused, site, unique, user } from "./client.mjs";

const v1 = graph();

// walk follows an iterator to its end and returns what it saw with the delta link, if there is one.
async function walk(first) {
  const seen = [];
  const iterator = new PageIterator(v1, first, (item) => seen.push(item) > 0);
  await iterator.iterate();
  assert.ok(iterator.isComplete());
  return { seen, link: iterator.getDeltaLink() };
}

for (const version of ["v1.0", "beta"]) {
  test(`W27 a user's life under ${version}`, async () => {
    const client = graph(version);
    const name = unique("ann");
    const made = await client.api("/users").post(user(name, { "@odata.type": "#microsoft.graph.user", jobTitle: "Clerk", department: "Sales" }));
    assert.equal(made.passwordProfile, undefined);
    assert.equal(made.jobTitle, "Clerk");
    assert.equal(made.department, undefined, "not in the default set");
    assert.equal((await client.api(`/users/${name}@contoso.example`).select("id,department").get()).department, "Sales");
    await client.api(`/users/${made.id}`).patch({ jobTitle: null, displayName: "O'Brien, Ann" });
    const read = await client.api(`/users/${made.id}`).get();
    assert.deepEqual([read.jobTitle, read.displayName], [null, "O'Brien, Ann"]);
    assert.equal((await client.api("/users").filter("displayName eq 'O''Brien, Ann'").get()).value.some((u) => u.id === made.id), true);
    await client.api(`/users/${made.id}`).delete();
    const gone = await refused(() => client.api(`/users/${made.id}`).get());
    assert.deepEqual([gone.statusCode, gone.code], [404, "Request_ResourceNotFound"]);
    const restored = await client.api(`/directory/deletedItems/${made.id}/restore`).post({});
    assert.equal(restored["@odata.type"], "#microsoft.graph.user");
    await client.api(`/users/${made.id}`).delete();
    await client.api(`/directory/deletedItems/${made.id}`).delete();
    assert.equal((await refused(() => client.api(`/directory/deletedItems/${made.id}`).get())).statusCode, 404);
  });
}

test("W28 manager and members", async () => {
  const [boss, ann] = await Promise.all([unique("boss"), unique("ann")].map((n) => v1.api("/users").post(user(n))));
  await v1.api(`/users/${ann.id}/manager/$ref`).put({ "@odata.id": `${site}/v1.0/users/${boss.id}` });
  assert.equal((await v1.api(`/users/${ann.id}/manager`).get()).id, boss.id);
  await v1.api(`/users/${ann.id}/manager/$ref`).delete();
  assert.equal((await refused(() => v1.api(`/users/${ann.id}/manager`).get())).statusCode, 404);
  const name = unique("Staff");
  const group = await v1.api("/groups").post({
    displayName: name, mailNickname: name, mailEnabled: false, securityEnabled: true, "members@odata.bind": [`${site}/v1.0/users/${boss.id}`],
  });
  const add = () => v1.api(`/groups/${group.id}/members/$ref`).post({ "@odata.id": `${site}/v1.0/directoryObjects/${ann.id}` });
  await add();
  assert.equal((await refused(add)).statusCode, 400);
  const members = (await v1.api(`/groups/${group.id}/members`).get()).value;
  assert.deepEqual(members.map((m) => m.id).sort(), [boss.id, ann.id].sort());
  assert.ok(members.every((m) => m["@odata.type"] === "#microsoft.graph.user"));
  await v1.api(`/groups/${group.id}/members/${ann.id}/$ref`).delete();
  assert.equal((await v1.api(`/groups/${group.id}/members`).get()).value.length, 1);
});

test("pages are followed to their end, and every user comes once", async () => {
  const prefix = unique("page");
  await Promise.all(Array.from({ length: 25 }, (_, i) => v1.api("/users").post(user(`${prefix}-${i}`))));
  const first = await v1.api("/users").filter(`startswith(userPrincipalName,'${prefix}')`).select("id,displayName").top(4).get();
  assert.equal(first.value.length, 4);
  assert.ok(first["@odata.nextLink"].startsWith(`${site}/v1.0/users?`), first["@odata.nextLink"]);
  const { seen } = await walk(first);
  assert.equal(new Set(seen.map((u) => u.id)).size, 25);
  assert.equal(seen.length, 25);
});

test("W29 delta: everything, then what changed", async () => {
  const made = await v1.api("/users").post(user(unique("delta")));
  const full = await walk(await v1.api("/users/delta").select("displayName,jobTitle").get());
  assert.ok(full.link.includes("$deltatoken="), full.link);
  assert.ok(full.seen.some((u) => u.id === made.id));
  await v1.api(`/users/${made.id}`).patch({ jobTitle: "Head" });
  const second = await walk(await v1.api(full.link).get());
  assert.deepEqual(second.seen.filter((u) => u.id === made.id).map((u) => u.jobTitle), ["Head"]);
  await v1.api(`/users/${made.id}`).delete();
  const third = await walk(await v1.api(second.link).get());
  assert.deepEqual(third.seen.find((u) => u.id === made.id)["@removed"], { reason: "changed" });
  await v1.api(`/directory/deletedItems/${made.id}`).delete();
  const fourth = await walk(await v1.api(third.link).get());
  assert.deepEqual(fourth.seen.find((u) => u.id === made.id)["@removed"], { reason: "deleted" });
});

test("W31 a forged delta token", async () => {
  const error = await refused(() => v1.api(`${site}/v1.0/users/delta?$deltatoken=forged`).get());
  assert.equal(error.statusCode, 410);
  assert.match(error.code, /syncStateNotFound|resyncRequired/i);
});

test("W32 filters", async () => {
  const prefix = unique("filter");
  for (const [i, department] of ["Sales", "Legal", "Legal"].entries()) await v1.api("/users").post(user(`${prefix}-${i}`, { department, mail: `${prefix}-${i}@Contoso.example` }));
  const count = async (filter, eventual) => {
    let ask = v1.api("/users").filter(`startswith(userPrincipalName,'${prefix}') and ${filter}`).top(50);
    if (eventual) ask = ask.header("ConsistencyLevel", "eventual").count(true);
    return (await ask.get()).value.length;
  };
  assert.equal(await count("department eq 'Legal'"), 2);
  assert.equal(await count("department in ('Sales','Legal')"), 3);
  assert.equal(await count("(department eq 'Sales' or department eq 'Legal')"), 3);
  assert.equal(await count("department ne 'Legal'", true), 1);
  assert.equal(await count("not(department eq 'Legal')", true), 1);
  assert.equal(await count("endswith(mail,'-1@contoso.example')", true), 1);
  for (const filter of ["department ne 'Legal'", "endswith(mail,'x')", "department eq ", "nonsense(", "department eq 'O'Brien'"]) {
    assert.equal((await refused(() => count(filter))).statusCode, 400, filter);
  }
});

test("W35 a batch, some of it failing", async () => {
  // The client takes scheme and host away and sends the rest, which is relative to the version.
  const json = (id, method, path, body) => ({
    id,
    request: new Request(`${site}${path}`, { method, headers: { "Content-Type": "application/json" }, body: body && JSON.stringify(body) }),
  });
  const name = unique("batch");
  const send = async (...requests) => new BatchResponseContent(await v1.api("/$batch").post(await new BatchRequestContent(requests).getContent()));
  const status = (answer, ...ids) => ids.map((id) => answer.getResponseById(id).status);
  const good = await send(
    json("1", "POST", "/users", user(name)),
    { ...json("2", "GET", `/users/${name}@contoso.example`), dependsOn: ["1"] },
  );
  assert.deepEqual(status(good, "1", "2"), [201, 200]);
  assert.equal((await good.getResponseById("2").json()).displayName, name);
  const bad = await send(json("1", "GET", "/users/nobody@contoso.example"), { ...json("2", "GET", "/users?$top=1"), dependsOn: ["1"] });
  assert.deepEqual(status(bad, "1", "2"), [404, 424]);
  const many = await refused(() => v1.api("/$batch").post({ requests: Array.from({ length: 21 }, (_, i) => ({ id: `${i}`, method: "GET", url: "/users" })) }));
  assert.equal(many.statusCode, 400);
});

test("W38 no credential, a wrong one", async () => {
  const error = await refused(() => graph("v1.0", async () => "x.y.z").api("/users").get());
  assert.deepEqual([error.statusCode, error.code], [401, "InvalidAuthenticationToken"]);
});
