/** A page that registers a user: sign-in, one key for one decision, and something to say for each outcome. */
import { makeRegistrar, type Registration } from "./client.ts";
import { type Login, leaveToSignIn, returnFromSignIn } from "./sign-in.ts";

/** What the page needs to know. */
export interface Page {
  /** Where Registrar is: https://registrar.your-hospital.org */
  readonly origin: string;
  readonly login: Login;
  /** Shows a sentence. `again`: offers the same registration once more, with the same key. */
  readonly say: (sentence: string, again?: () => Promise<void>) => void;
}

/** Signs in, and hands out what the page's form calls. Undefined where the browser is on its way to the login. */
export const start = async ({ origin, login, say }: Page) => {
  const token = await returnFromSignIn(login);
  if (token === undefined) {
    await leaveToSignIn(login);
    return undefined;
  }
  const registrar = makeRegistrar(origin, () => token);

  /** One decision of the administrator: one key. */
  const register = (registration: Registration): Promise<void> => {
    const key = crypto.randomUUID();
    const attempt = async (): Promise<void> => {
      const outcome = await registrar.register(registration, key);
      switch (outcome.is) {
        case "registered":
          return say(`${registration.email} is registered.`);
        case "refused":
          return outcome.changed
            ? say(`${outcome.problem.detail} See ${outcome.problem.type}`)
            : say(outcome.problem.detail, attempt);
        case "tracked":
          return say(`Not finished: operation ${outcome.problem.operationId} is being resolved.`);
        case "doubt":
          return say("It is not known yet whether the user was registered. Asking again is safe.", attempt);
        case "signedOut":
          return say("Your session has ended. Sign in again, and then ask again.");
      }
    };
    return attempt();
  };
  return { register, operation: registrar.operation };
};
