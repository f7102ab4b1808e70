/** What the build makes of an element in a screen: a call, which is shorter than what `jsx: automatic` makes of it. */
export { createElement, Fragment } from "hono/jsx/dom";
