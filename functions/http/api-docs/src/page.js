// What /docs does: reads /openapi.json, shows every operation, and tries them with requests that are signed in the browser.
//
// In reading order: `show` builds the page; `operation`, `schemaOf` and `tryIt` its parts; `sign` is the profile orders-v1
// (RFC 9421, RFC 9530) with WebCrypto. Everything is text put into elements, never markup, and nothing is stored.

const METHODS = ["get", "post", "put", "patch", "delete"];

/** The header fields that a signature covers when they are there. */
const SIGNED_FIELDS = ["content-type", "idempotency-key", "if-match", "dry-run"];

let contract;

/** An element with attributes and children; a function among the attributes listens. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== ""));
  return element;
}

/** What a `$ref` points to, with what stands beside it; anything else as it is. */
function resolve(node) {
  if (!node?.$ref) return node ?? {};
  const target = node.$ref.slice(2).split("/").reduce((value, name) => value[name.replaceAll("~1", "/").replaceAll("~0", "~")], contract);
  const { $ref, ...beside } = node;
  return { ...resolve(target), ...beside };
}

const nameOf = (node) => node?.$ref?.split("/").pop();

// ── Text: the little of Markdown that the contract uses

function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (part.startsWith("`")) return h("code", {}, part.slice(1, -1));
    if (part.startsWith("**")) return h("strong", {}, part.slice(2, -2));
    return part;
  });
}

function prose(text = "") {
  return text.split(/\n{2,}/).filter((block) => block.trim()).map((block) => {
    if (!block.startsWith("- ")) return h("p", {}, inline(block.replaceAll("\n", " ")));
    const items = block.split(/\n(?=- )/).map((item) => h("li", {}, inline(item.slice(2).replace(/\s+/g, " "))));
    return h("ul", {}, items);
  });
}

// ── Schemas

/** One line about a schema: its type and what bounds it. */
function kindOf(node) {
  const schema = resolve(node);
  if (schema.oneOf) return schema.oneOf.map(kindOf).join(" or ");
  const type = schema.const !== undefined ? JSON.stringify(schema.const) : [schema.type ?? "any"].flat().join(" or ");
  const bounds = [];
  if (schema.type === "array") bounds.push(`of ${nameOf(schema.items) ?? kindOf(schema.items)}`);
  if (schema.format && schema.format !== "int64") bounds.push(schema.format);
  if (schema.enum) bounds.push(schema.enum.join(" | "));
  if (schema.minimum !== undefined || schema.maximum !== undefined) bounds.push(`${schema.minimum ?? "…"} to ${schema.maximum ?? "…"}`);
  if (schema.minLength !== undefined || schema.maxLength !== undefined) bounds.push(`${schema.minLength ?? 0} to ${schema.maxLength ?? "…"} characters`);
  else if (schema.pattern) bounds.push(schema.pattern);
  if (schema.minItems !== undefined || schema.maxItems !== undefined) bounds.push(`${schema.minItems ?? 0} to ${schema.maxItems ?? "…"} items`);
  if (schema.maxProperties !== undefined) bounds.push(`at most ${schema.maxProperties} members`);
  return [type, ...bounds].join(", ");
}

/** The object inside a schema, if there is one: itself, its parts together, an array's item, the alternative to null. */
function objectIn(node) {
  const schema = resolve(node);
  if (schema.properties) return schema;
  if (schema.allOf) {
    const parts = schema.allOf.map(objectIn).filter(Boolean);
    return { properties: Object.assign({}, ...parts.map((part) => part.properties)), required: parts.flatMap((part) => part.required ?? []) };
  }
  if (schema.items) return objectIn(schema.items);
  return (schema.oneOf ?? []).map(objectIn).find(Boolean);
}

/** The members of an object as a table; objects inside open on demand, so that a circle would not run. */
function schemaOf(schema) {
  const rows = Object.entries(schema.properties ?? {}).map(([name, member]) => {
    const inner = objectIn(member);
    const about = resolve(member).description ?? resolve(resolve(member).oneOf?.find((one) => one.type !== "null")).description;
    return row(name, schema.required?.includes(name), kindOf(member), about, inner && lazily("members", () => schemaOf(inner)));
  });
  return h("div", { class: "schema" }, h("table", {}, h("tbody", {}, rows)));
}

function row(name, must, kind, about, more) {
  return h("tr", {}, h("td", {}, h("code", {}, name), must && h("span", { class: "must" }, "required") || ""), h("td", {}, prose(about), h("div", { class: "kind" }, kind), more));
}

function lazily(title, build) {
  const place = h("div", { class: "members" });
  const open = (event) => { if (event.target.open && !place.childElementCount) place.append(build()); };
  return h("details", { toggle: open }, h("summary", {}, title), place);
}

// ── Operations

function* operations() {
  for (const [path, item] of Object.entries(contract.paths)) {
    for (const method of METHODS) if (item[method]) yield { path, method, ...item[method], parameters: (item[method].parameters ?? []).map(resolve) };
  }
}

function operation(op) {
  const inside = h("div", { class: "inside" });
  const build = (event) => { if (event.target === details && details.open && !inside.childElementCount) inside.append(...insideOf(op)); };
  const details = h("details", { class: "operation", id: op.operationId, toggle: build },
    h("summary", {}, badge(op.method), h("span", { class: "path" }, op.path), h("span", { class: "purpose" }, op.summary),
      op["x-required-scope"] && h("code", { class: "scope" }, op["x-required-scope"])),
    inside);
  return details;
}

const badge = (method) => h("span", { class: `method ${method}` }, method.toUpperCase());

function insideOf(op) {
  const body = bodyOf(op);
  return [
    ...prose(op.description),
    op.parameters.length ? h("h4", {}, "Parameters") : "",
    op.parameters.length ? h("table", {}, h("tbody", {}, op.parameters.map((one) => row(`${one.name}`, one.required, `${one.in}, ${kindOf(one.schema)}`, one.description ?? resolve(one.schema).description)))) : "",
    body ? h("h4", {}, `Body: ${nameOf(body.schema) ?? "JSON"}`) : "",
    body ? schemaOf(resolve(body.schema)) : "",
    h("h4", {}, "Answers"),
    ...Object.entries(op.responses).map(([status, response]) => answer(status, resolve(response))),
    isPushed(op) ? h("div", {}, h("h4", {}, "How it is signed"), prose(contract.components.securitySchemes.webhook_signature.description)) : tryIt(op, body),
  ].filter((part) => part !== "");
}

const bodyOf = (op) => Object.values(op.requestBody?.content ?? {})[0];

function answer(status, response) {
  const [type, content] = Object.entries(response.content ?? {})[0] ?? [];
  const headers = Object.entries(response.headers ?? {}).map(([name, header]) => row(name, false, type ? "header" : "header", resolve(header).description));
  const schema = content?.schema && objectIn(content.schema);
  return h("details", { class: "response" },
    h("summary", {}, h("span", { class: `status ${status < 400 ? "good" : "bad"}` }, status), ...inline(response.description)),
    type && h("p", { class: "kind" }, type),
    h("table", {}, h("tbody", {}, headers)),
    schema && schemaOf({ ...resolve(content.schema.allOf?.[0]), ...schema, properties: { ...resolve(content.schema.allOf?.[0]).properties, ...schema.properties } }));
}

/** Whether a partner pushes it: its secret is no key that could be typed here. */
const isPushed = (op) => op.security?.some((scheme) => "webhook_signature" in scheme) ?? false;

/** Whether its body is one document a line. */
const isLines = (op) => "application/x-ndjson" in (op.requestBody?.content ?? {});

// ── Trying

function tryIt(op, body) {
  const inputs = op.parameters.filter((one) => !["Content-Digest", "traceparent", "X-Request-Id"].includes(one.name)).map((one) => {
    const fresh = one.name === "Idempotency-Key" ? crypto.randomUUID?.() ?? "" : "";
    return { ...one, input: h("input", { value: fresh, placeholder: one.required ? "required" : "", spellcheck: "false" }) };
  });
  const text = body && h("textarea", { spellcheck: "false" });
  if (text) text.value = isLines(op) ? body.example.map((line) => JSON.stringify(line)).join("\n") : JSON.stringify(body.example ?? {}, null, 2);
  const result = h("div", { "aria-live": "polite" });
  const request = () => requestOf(op, inputs, text?.value);
  const act = (work) => async (event) => {
    event.preventDefault();
    try { result.replaceChildren(...await work(await request())); } catch (problem) { result.replaceChildren(h("p", { class: "must" }, problem.message)); }
  };
  return h("form", { class: "try", submit: act(send) },
    h("h4", {}, "Try it"),
    inputs.map(({ name, in: where, input }) => h("label", {}, h("span", {}, h("code", {}, name), ` ${where}`), input)),
    text && h("label", { class: "tall" }, h("span", {}, "Body"), text),
    h("button", { type: "submit" }, op.security?.length ? "Sign and send" : "Send"),
    h("button", { type: "button", class: "plain", click: act(async (ready) => [h("pre", {}, curl(ready))]) }, "Show as curl"),
    result);
}

/** The request as it goes over the wire, signed if the operation wants it. */
async function requestOf(op, inputs, body) {
  const filled = inputs.filter(({ input }) => input.value.trim() !== "");
  const missing = inputs.find(({ required, input }) => required && input.value.trim() === "");
  if (missing) throw new Error(`${missing.name} is required.`);
  const among = (where) => filled.filter((one) => one.in === where).map(({ name, input }) => [name, input.value.trim()]);
  const path = among("path").reduce((path, [name, value]) => path.replace(`{${name}}`, encodeURIComponent(value)), op.path);
  const query = new URLSearchParams(among("query")).toString();
  const headers = Object.fromEntries(among("header"));
  if (body) headers["Content-Type"] = Object.keys(op.requestBody.content)[0];
  const request = { method: op.method.toUpperCase(), path, query, headers, body };
  if (op.security?.length) Object.assign(headers, await sign(request, credentials()));
  return request;
}

function credentials() {
  const [keyId, secret] = ["key-id", "secret"].map((id) => document.getElementById(id).value.trim());
  if (!keyId || !secret) throw new Error("Type a key id and its secret at the top of the page first.");
  return { keyId, secret };
}

async function send({ method, path, query, headers, body }) {
  const started = performance.now();
  const answer = await fetch(path + (query && `?${query}`), { method, headers, body: body || undefined, cache: "no-store", credentials: "omit" });
  const text = await answer.text();
  const fields = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  const good = answer.status < 400 ? "good" : "bad";
  return [
    h("p", {}, h("span", { class: `status ${good}` }, `${answer.status}`), `${Math.round(performance.now() - started)} ms`),
    h("pre", { class: "fields" }, fields),
    text && h("pre", { class: "body" }, pretty(text)),
  ].filter(Boolean);
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

/** The same request as a line for a shell. Its signature is good once, for five minutes. */
function curl({ method, path, query, headers, body }) {
  const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const lines = [`curl -i -X ${method} ${quoted(location.origin + path + (query && `?${query}`))}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body) lines.push(`--data-binary ${quoted(body)}`);
  return lines.join(" \\\n  ");
}

// ── The profile orders-v1

const bytes = (text) => new TextEncoder().encode(text);
const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));

/** The header fields that sign a request (RFC 9421 §2.5, hmac-sha256). */
async function sign({ method, path, query, headers, body }, { keyId, secret }) {
  if (!crypto.subtle) throw new Error("Browsers sign on https and on localhost only. Open this page there.");
  const fields = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const covered = { "@method": method, "@path": path, "@query": `?${query}` };
  if (body) covered["content-digest"] = `sha-256=:${base64(await crypto.subtle.digest("SHA-256", bytes(body)))}:`;
  for (const name of SIGNED_FIELDS) if (fields[name] !== undefined) covered[name] = fields[name];

  const names = Object.keys(covered).map((name) => `"${name}"`).join(" ");
  const created = Math.floor(Date.now() / 1000);
  const nonce = base64(crypto.getRandomValues(new Uint8Array(18)));
  const parameters = `(${names});created=${created};keyid="${keyId}";nonce="${nonce}";tag="orders-v1"`;
  const lines = Object.entries(covered).map(([name, value]) => `"${name}": ${value}`);
  const base = [...lines, `"@signature-params": ${parameters}`].join("\n");

  const key = await crypto.subtle.importKey("raw", bytes(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, bytes(base));
  const digest = body ? { "Content-Digest": covered["content-digest"] } : {};
  return { ...digest, "Signature-Input": `sig1=${parameters}`, Signature: `sig1=:${base64(mac)}:` };
}

// ── The page

async function show() {
  const place = document.getElementById("document");
  const answer = await fetch("/openapi.json");
  contract = await answer.json();
  const all = [...operations()];
  const groups = contract.tags.map((tag) => ({ ...tag, operations: all.filter((op) => op.tags.includes(tag.name)) }));

  const link = (op) => h("li", {}, h("a", { href: `#${op.operationId}` }, badge(op.method), op.operationId));
  const index = groups.map((group) => [h("li", { class: "group" }, group.name), group.operations.map(link)]);
  document.getElementById("contents").replaceChildren(h("ul", {}, index.flat(2)));
  place.replaceChildren(
    h("div", { class: "intro" }, h("p", { class: "kind" }, `${contract.info.title} ${contract.info.version}, OpenAPI ${contract.openapi}`), prose(contract.info.description)),
    h("details", { class: "response" }, h("summary", {}, "How to sign a request"), h("div", {}, prose(contract.components.securitySchemes.signature.description))),
    ...groups.flatMap((group) => [h("h2", {}, group.name), h("p", {}, group.description), ...group.operations.map(operation)]),
  );
  openNamed();
  addEventListener("hashchange", openNamed);
}

/** Opens the operation that the address names. */
function openNamed() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (named?.matches(".operation")) {
    named.open = true;
    named.scrollIntoView();
  }
}

document.getElementById("key").addEventListener("submit", (event) => event.preventDefault());
show().catch((problem) => document.getElementById("document").replaceChildren(h("p", { class: "must" }, `The contract cannot be read: ${problem.message}`)));
