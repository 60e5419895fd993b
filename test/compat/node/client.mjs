// What the tests share: a client as an administrator would set it up, and a way to wait.
import { Client } from "@microsoft/microsoft-graph-client";

export const site = process.env.SALLYPORT_URL;
const host = new URL(site).hostname; // without the port: that is how the client compares

let token;

// accessToken asks the token endpoint once, with client credentials.
export async function accessToken() {
  if (!token) {
    const answer = await fetch(`${site}/default/oauth2/v2.0/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: process.env.SALLYPORT_CLIENT_ID,
        client_secret: process.env.SALLYPORT_CLIENT_SECRET,
        scope: `${site}/.default`,
      }),
    });
    if (!answer.ok) throw new Error(`no token: ${answer.status} ${await answer.text()}`);
    token = (await answer.json()).access_token;
  }
  return token;
}

// graph returns the official client; only base URL, host and credential are ours.
export function graph(version = "v1.0", getAccessToken = accessToken) {
  return Client.initWithMiddleware({
    baseUrl: `${site}/`,
    defaultVersion: version,
    customHosts: new Set([host]),
    authProvider: { getAccessToken },
  });
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// until asks again and again until what it is told is truthy, and returns that.
export async function until(what, look) {
  const end = Date.now() + 3 * 60_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await pause(100);
  }
}

// unique makes names that no other test uses.
export const unique = (name) => `${name}-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;

export const user = (name, more = {}) => ({
  accountEnabled: true,
  displayName: name,
  mailNickname: name,
  userPrincipalName: `${name}@contoso.example`,
  passwordProfile: { password: "Not-Kept-1", forceChangePasswordNextSignIn: true },
  ...more,
});

// refused runs a call that must fail and returns the client's error.
export async function refused(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("it was not refused");
}
