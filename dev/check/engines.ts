/** After `npm ci`: explains npm's warnings about engines, where somebody installs with a Node that the tools are too new for. */

/** The Node that the tools ask for. The package `node` brings a newer one, which every script of ours runs with. */
const ASKED = 22;

const installing = Number(/ node\/v(\d+)/.exec(` ${process.env.npm_config_user_agent}`)?.[1] ?? ASKED);

if (installing < ASKED) {
  console.log(
    `npm warns above (EBADENGINE) that some tools ask for Node ${ASKED}. They get it: the package "node" brings Node ${process.versions.node.split(".")[0]}, and every "npm run" here uses that one.`,
  );
}
