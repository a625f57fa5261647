// Lets the scripts of this folder import packages that `make` installs into .node/ of the clone.
// Used as `node --import ./tests/node/resolve.mjs script.mjs`.
import { registerHooks } from "node:module";

const here = new URL(".", import.meta.url).href;
const installed = new URL("../../.node/package.json", import.meta.url).href;

function isPackage(specifier) {
  return /^[@\w]/.test(specifier) && !specifier.includes(":");
}

registerHooks({
  resolve(specifier, context, nextResolve) {
    const ours = context.parentURL?.startsWith(here) && isPackage(specifier);
    return nextResolve(specifier, ours ? { ...context, parentURL: installed } : context);
  },
});
