/** Where the machine's own Chromium is. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

const runs = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The file that CHROMIUM names, or the first that the path has; undefined where there is none. */
export const chromium = (): string | undefined => {
  const { CHROMIUM, PATH = "" } = process.env;
  const folders = PATH.split(delimiter);
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return (CHROMIUM === undefined ? found : [CHROMIUM]).find(runs);
};
