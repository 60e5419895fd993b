// Agents, agent groups and published resources: the beta tree (W01–W06).
import assert from "node:assert/strict";
import { test } from "node:test";
import { graph, refused, site, unique, until } from "./client.mjs";

const at = "/onPremisesPublishingProfiles/provisioning";
const beta = graph("beta");

test("W01 agent groups with their agents", async () => {
  const agent = await until("the agent", async () => (await beta.api(`${at}/agents`).get()).value.find((a) => a.status === "active"));
  assert.deepEqual(agent.supportedPublishingTypes, ["provisioning"]);
  const groups = (await beta.api(`${at}/agentGroups`).expand("agents,publishedResources").get()).value;
  const group = groups.find((g) => g.agents.some((a) => a.id === agent.id));
  assert.equal(group.publishingType, "provisioning");
  assert.equal(typeof group.isDefault, "boolean");
  assert.equal(groups.filter((g) => g.isDefault).length, 1);
});

test("W02 to W05 a group is made, renamed, filled, emptied and deleted", async () => {
  const made = await beta.api(`${at}/agentGroups`).post({ displayName: unique("New Group") });
  assert.equal(made.isDefault, false);
  assert.equal((await beta.api(`${at}/agentGroups/${made.id}`).get()).displayName, made.displayName);
  await beta.api(`${at}/agentGroups/${made.id}`).patch({ displayName: `${made.displayName} renamed` });
  const [agent] = (await beta.api(`${at}/agents`).expand("agentGroups").get()).value;
  const before = agent.agentGroups.map((g) => g.id);
  for (const id of [`${site}/beta${at}/agentGroups/${made.id}/`, `https://graph.example/beta${at}/agentGroups/${made.id}`, `agentGroups('${made.id}')`]) {
    await beta.api(`${at}/agents/${agent.id}/agentGroups/$ref`).post({ "@odata.id": id });
    const now = await beta.api(`${at}/agents/${agent.id}`).expand("agentGroups").get();
    assert.ok(now.agentGroups.some((g) => g.id === made.id), id);
    await beta.api(`${at}/agents/${agent.id}/agentGroups/${made.id}/$ref`).delete();
  }
  const again = await refused(() => beta.api(`${at}/agents/${agent.id}/agentGroups/${made.id}/$ref`).delete());
  assert.equal(again.statusCode, 404);
  const after = await beta.api(`${at}/agents/${agent.id}`).expand("agentGroups").get();
  assert.deepEqual(after.agentGroups.map((g) => g.id), before);
  await beta.api(`${at}/agentGroups/${made.id}`).delete();
  assert.equal((await refused(() => beta.api(`${at}/agentGroups/${made.id}`).get())).statusCode, 404);
});

test("W05 the default group stays", async () => {
  const group = (await beta.api(`${at}/agentGroups`).get()).value.find((g) => g.isDefault);
  const error = await refused(() => beta.api(`${at}/agentGroups/${group.id}`).delete());
  assert.equal(error.statusCode, 400);
  assert.ok(error.code && error.message && error.requestId, JSON.stringify(error));
});

test("the path that the documentation contradicts says which one is right", async () => {
  const [group] = (await beta.api(`${at}/agentGroups`).get()).value;
  const error = await refused(() => beta.api(`${at}/agentGroups/${group.id}/agents`).post({ displayName: "x" }));
  assert.equal(error.statusCode, 400);
  assert.match(error.message, /agentGroups/);
});

test("W06 a published resource moves between groups", async () => {
  const group = await beta.api(`${at}/agentGroups`).post({ displayName: unique("Plant") });
  const resource = await beta.api(`${at}/publishedResources`).post({ displayName: "A plant", resourceName: unique("plant") });
  await beta.api(`${at}/publishedResources/${resource.id}`).patch({ displayName: "The plant" });
  await beta.api(`${at}/publishedResources/${resource.id}/agentGroups/$ref`).post({ "@odata.id": `${site}/beta${at}/agentGroups/${group.id}` });
  const read = await beta.api(`${at}/publishedResources/${resource.id}`).expand("agentGroups").get();
  assert.deepEqual([read.displayName, read.agentGroups.map((g) => g.id)], ["The plant", [group.id]]);
  assert.equal((await refused(() => beta.api(`${at}/agentGroups/${group.id}`).delete())).statusCode, 400);
  await beta.api(`${at}/publishedResources/${resource.id}/agentGroups/${group.id}/$ref`).delete();
  await beta.api(`${at}/publishedResources/${resource.id}`).delete();
  await beta.api(`${at}/agentGroups/${group.id}`).delete();
});
