/** `npm run openapi`: writes the document of the routes to public/openapi.json, which the Worker's assets serve. */
import { readFileSync, writeFileSync } from "node:fs";
import { openapi } from "../src/http/openapi.ts";
import { routes } from "../src/http/routes/all.ts";

/** Where the document is kept. */
export const OPENAPI_PATH = "public/openapi.json";

/** The document as it has to be, as text. */
export const openapiText = (): string => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  return `${JSON.stringify(openapi(routes, version), null, 2)}\n`;
};

if (import.meta.main) writeFileSync(OPENAPI_PATH, openapiText());
