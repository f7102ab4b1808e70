/**
 * The mails that Cognito would have sent: each invitation and each repeated one, in the order they left.
 * Nothing is ever delivered. The temporary password is kept because a developer wants to sign in with it.
 */
import type { User } from "cognito-local/lib/services/userPoolService.js";
import { attribute } from "./cognito-users.ts";

/** One mail. `at` is an ISO time. */
export interface Mail {
  readonly kind: "invitation" | "resend";
  readonly to: string;
  readonly sub: string;
  readonly temporaryPassword: string;
  readonly at: string;
}

/** Collects mails for one stack. */
export class Outbox {
  #mails: Mail[] = [];

  record(kind: Mail["kind"], user: User, temporaryPassword: string): void {
    const [to = "", sub = ""] = [attribute(user, "email"), attribute(user, "sub")];
    this.#mails.push({ kind, to, sub, temporaryPassword, at: new Date().toISOString() });
  }

  /** All mails so far, or those to one address. */
  mails(to?: string): Mail[] {
    return this.#mails.filter((mail) => to === undefined || mail.to === to);
  }

  clear(): void {
    this.#mails = [];
  }
}
