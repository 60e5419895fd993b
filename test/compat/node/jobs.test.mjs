// Applications, jobs, secrets, schema, provision on demand, the provisioning log, throttling (W10–W15, W17, W22, W26, W34, W36).
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessToken, graph, refused, site, unique, until, user } from "./client.mjs";

const v1 = graph();
const beta = graph("beta");

// contoso is the sample application, which an agent and a host carry to a table.
async function contoso() {
  const [sp] = (await v1.api("/servicePrincipals").filter("displayName eq 'CONTOSO Employees'").get()).value;
  const sync = `/servicePrincipals/${sp.id}/synchronization`;
  const [job] = (await v1.api(`${sync}/jobs`).get()).value;
  const { synchronizationRules } = await v1.api(`${sync}/jobs/${job.id}/schema`).get();
  return { sync, job: `${sync}/jobs/${job.id}`, id: job.id, rule: synchronizationRules[0].id };
}

// instantiate makes an application of the generic template with a job.
async function instantiate() {
  const made = await v1.api("/applicationTemplates/8adf8e6e-67b2-4cf2-a259-e3dc5476c621/instantiate").post({ displayName: unique("Payroll") });
  const sync = `/servicePrincipals/${made.servicePrincipal.id}/synchronization`;
  const [template] = (await v1.api(`${sync}/templates`).get()).value;
  const job = await v1.api(`${sync}/jobs`).post({ templateId: template.id });
  assert.equal(job.status.code, "NotConfigured");
  assert.equal(job.schedule.state, "Disabled");
  assert.equal((await v1.api(`${sync}/jobs/${job.id}`).get()).templateId, template.id);
  return { sp: made.servicePrincipal.id, sync, job: `${sync}/jobs/${job.id}` };
}

const secrets = async (sync) => Object.fromEntries((await v1.api(`${sync}/secrets`).get()).value.map((s) => [s.key, s.value]));
const state = async (job) => (await v1.api(job).get()).schedule.state;

test("W10 to W12 a job starts, pauses and restarts", async () => {
  const { job } = await contoso();
  for (const _ of [1, 2]) {
    await v1.api(`${job}/start`).post({});
    assert.equal(await state(job), "Active");
  }
  await v1.api(`${job}/pause`).post({});
  const paused = await v1.api(job).get();
  assert.deepEqual([paused.schedule.state, paused.status.code], ["Paused", "Paused"]);
  await v1.api(`${job}/restart`).post({ criteria: { resetScope: "Watermark, Escrows, QuarantineState" } });
  await v1.api(`${job}/restart`).post({ criteria: { resetScope: "" } });
  const wrong = await refused(() => v1.api(`${job}/restart`).post({ criteria: { resetScope: "Everything" } }));
  assert.equal(wrong.statusCode, 400);
  await v1.api(`${job}/start`).post({});
});

test("W14 secrets are masked, kept, replaced and removed", async () => {
  const { sync } = await instantiate();
  const put = (value) => v1.api(`${sync}/secrets`).put({ value: Object.entries(value).map(([key, v]) => ({ key, value: v })) });
  await put({ BaseAddress: "https://app.example/scim", SecretToken: "not to be seen", AppKey: "nor this" });
  const first = await secrets(sync);
  assert.equal(first.BaseAddress, "https://app.example/scim");
  assert.ok(!JSON.stringify(first).includes("seen") && !JSON.stringify(first).includes("nor"), JSON.stringify(first));
  await put({ BaseAddress: "https://app.example/v2", SecretToken: first.SecretToken, AppKey: "" });
  assert.deepEqual(Object.keys(await secrets(sync)).sort(), ["BaseAddress", "SecretToken"]);
  await put({ BaseAddress: "https://app.example/v2" });
  assert.deepEqual(await secrets(sync), { BaseAddress: "https://app.example/v2" });
});

test("W13 credentials are tried", async () => {
  const { job } = await contoso();
  await v1.api(`${job}/validateCredentials`).post({ useSavedCredentials: true });
  const other = await instantiate();
  const error = await refused(() => v1.api(`${other.job}/validateCredentials`).post({ credentials: [{ key: "BaseAddress", value: "https://127.0.0.1:1/scim" }, { key: "SecretToken", value: "x" }] }));
  assert.equal(error.statusCode, 400);
});

test("W17 a schema goes round, W19 and comes back to the template's", async () => {
  const { job } = await instantiate();
  const first = await v1.api(`${job}/schema`).get();
  await v1.api(`${job}/schema`).put(first);
  assert.deepEqual(await v1.api(`${job}/schema`).get(), first);
  const mappings = first.synchronizationRules[0].objectMappings[0].attributeMappings;
  const changed = structuredClone(first);
  changed.synchronizationRules[0].objectMappings[0].attributeMappings = mappings.filter((m) => m.targetAttributeName !== "title");
  assert.notEqual(changed.synchronizationRules[0].objectMappings[0].attributeMappings.length, mappings.length);
  await v1.api(`${job}/schema`).put(changed);
  const kept = await v1.api(`${job}/schema`).get();
  assert.ok(!kept.synchronizationRules[0].objectMappings[0].attributeMappings.some((m) => m.targetAttributeName === "title"));
  await v1.api(`${job}/schema`).delete();
  assert.deepEqual((await v1.api(`${job}/schema`).get()).synchronizationRules, first.synchronizationRules);
});

test("W20 a schema that is wrong is refused as a whole", async () => {
  const { job } = await instantiate();
  const good = await v1.api(`${job}/schema`).get();
  const bad = structuredClone(good);
  bad.synchronizationRules[0].objectMappings[0].attributeMappings[0].source = { type: "Function", name: "Nonsense", expression: "Nonsense([a]", parameters: [] };
  const error = await refused(() => v1.api(`${job}/schema`).put(bad));
  assert.equal(error.statusCode, 400);
  assert.ok(JSON.parse(error.body).details.length > 0 || JSON.parse(error.body).error?.details.length > 0, error.body);
  assert.deepEqual(await v1.api(`${job}/schema`).get(), good);
});

test("W21 the target's schema is found through agent and host", async () => {
  const { job } = await contoso();
  const { directories } = await v1.api(`${job}/schema`).get();
  const target = directories.find((d) => d.name !== "Azure Active Directory");
  const found = await until("the agent", async () => {
    try {
      return await v1.api(`${job}/schema/directories/${target.id}/discover`).post({});
    } catch (error) {
      if (error.statusCode === 503) return null; // the agent is not connected yet
      throw error;
    }
  });
  const names = found.objects.find((o) => o.name.endsWith("User")).attributes.map((a) => a.name);
  assert.ok(names.some((n) => n.endsWith(":ContosoLogin")), names.join());
});

test("W22 an expression is parsed and evaluated", async () => {
  const { job } = await contoso();
  const answer = await v1.api(`${job}/schema/parseExpression`).post({
    expression: 'Replace([preferredLanguage], "-", , , "_", , )',
    testInputObject: { definition: null, properties: [{ key: "preferredLanguage", value: "EN-US" }] },
    targetAttributeDefinition: null,
  });
  assert.deepEqual([answer.parsingSucceeded, answer.evaluationSucceeded, answer.evaluationResult], [true, true, ["EN_US"]]);
});

test("W15 on demand, W26 and the log tells of it; W36 too often is too often", async () => {
  const { job, id, rule } = await contoso();
  const name = unique("demand");
  const made = await v1.api("/users").post(user(name, { givenName: "De", surname: "Mand", mail: `${name}@contoso.example` }));
  const onDemand = () =>
    v1.api(`${job}/provisionOnDemand`).post({ parameters: [{ ruleId: rule, subjects: [{ objectId: made.id, objectTypeName: "User" }] }] });
  const first = await onDemand();
  const result = JSON.parse(first.key);
  const log = JSON.parse(first.value);
  assert.ok(["Success", "Skipped"].includes(result.result), first.key); // the job may have been quicker
  assert.deepEqual(log.provisioningSteps[0].type, "Import");
  const again = await onDemand();
  assert.equal(JSON.parse(again.key).result, "Skipped");
  assert.equal(JSON.parse(again.key).details.errorCode, "RedundantExport");
  const record = await until("the record", async () =>
    (await v1.api("/auditLogs/provisioning").filter(`changeId eq '${log.changeId}' and jobId eq '${id}'`).get()).value[0]);
  assert.equal(record.sourceIdentity.id, made.id);
  const pages = await v1.api("/auditLogs/provisioning").filter(`jobid eq '${id}' and activityDateTime gt 2020-01-01T00:00:00Z`).top(1).get();
  assert.equal(pages.value.length, 1);
  assert.ok(pages["@odata.nextLink"].startsWith(site));
  const next = await v1.api(pages["@odata.nextLink"]).get();
  assert.notEqual(next.value[0].id, pages.value[0].id);

  // Without the client's patience there is a 429 before long; with it every call comes through.
  const bearer = `Bearer ${await accessToken()}`;
  const impatient = () =>
    fetch(`${site}/v1.0${job}/provisionOnDemand`, {
      method: "POST", headers: { Authorization: bearer, "Content-Type": "application/json" },
      body: JSON.stringify({ parameters: [{ ruleId: rule, subjects: [{ objectId: made.id, objectTypeName: "User" }] }] }),
    });
  const refusal = await until("a 429", async () => (await Promise.all(Array.from({ length: 8 }, impatient))).find((answer) => answer.status === 429));
  assert.ok(Number(refusal.headers.get("Retry-After")) >= 1);
  assert.equal((await refusal.json()).error.code, "TooManyRequests");
  assert.equal(JSON.parse((await onDemand()).key).result, "Skipped");
});

test("W33 who is assigned, W34 applications by their template", async () => {
  const { sp } = await instantiate();
  const ann = await v1.api("/users").post(user(unique("assigned")));
  const body = { principalId: ann.id, resourceId: sp, appRoleId: "00000000-0000-0000-0000-000000000000" };
  const made = await v1.api(`/servicePrincipals/${sp}/appRoleAssignedTo`).post(body);
  assert.equal(made.principalType, "User");
  assert.equal((await v1.api(`/servicePrincipals/${sp}/appRoleAssignedTo`).get()).value.length, 1);
  assert.equal((await refused(() => v1.api(`/servicePrincipals/${sp}/appRoleAssignedTo`).post(body))).statusCode, 400);
  await v1.api(`/servicePrincipals/${sp}/appRoleAssignedTo/${made.id}`).delete();
  await v1.api(`/servicePrincipals/${sp}`).delete();
  assert.equal((await refused(() => v1.api(`/servicePrincipals/${sp}`).get())).statusCode, 404);
});

test("functions and operators are listed", async () => {
  const { job } = await contoso();
  const functions = (await beta.api(`${job}/schema/functions`).get()).value.map((f) => f.name);
  for (const name of ["Append", "Replace", "Switch", "IIF", "Join"]) assert.ok(functions.includes(name), name);
  const operators = (await beta.api(`${job}/schema/filterOperators`).get()).value;
  assert.ok(operators.length > 5 && operators.every((o) => o.id && o.name && o.arity));
});
