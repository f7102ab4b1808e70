/** The baseline *empty*: a Worker that does nothing. What it costs is what workerd costs. */
export default { fetch: () => new Response("") };
