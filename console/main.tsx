/** The start of the page: who comes, and from where. */
import { render } from "hono/jsx/dom";
import { App } from "./app.tsx";
import { arrive } from "./session/session.ts";
import { readPlace } from "./ui/route.ts";

const arrival = await arrive();
readPlace();
const root = document.createElement("div");
document.body.append(root);
// The window that the page has opened for a sign-in has done its work.
if (arrival === "for another window") window.close();
render(<App arrival={arrival} />, root);
