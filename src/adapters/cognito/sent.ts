/** What is known of a call beside its answer: whether it has left, and whether an answer without content is one. */
import type { CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";

/** Operations whose answer holds nothing: an empty object, or no body at all. */
const ANSWERS_NOTHING =
  /\.Admin(DeleteSoftwareToken|DeleteUser|DisableUser|EnableUser|SetUserMFAPreference|UserGlobalSignOut)$/;

const EMPTY_OBJECT = /^\s*(\{\s*\})?\s*$/;

/** The longest answer that can be an empty one, in bytes. */
const EMPTY_BYTES_MAX = 64;

/** A success whose body is not what the operation answers: something else than Cognito has spoken. */
class UnreadableAnswer extends Error {
  override readonly name = "UnreadableAnswer";
}

/**
 * Notes which calls of the client have left. A call is known by its abort signal: the SDK hands it to the handler of
 * requests as it was given. A call that is not there when it fails was never sent: it could not be built or signed, or
 * its headers are none.
 */
export const noteSent = (client: CognitoIdentityProviderClient): WeakSet<object> => {
  const sent = new WeakSet<object>();
  const { requestHandler, streamCollector } = client.config;
  const handle = requestHandler.handle.bind(requestHandler);
  let canBeSent = false;
  requestHandler.handle = async (request, options) => {
    // Throws for a header that cannot be sent, as `fetch` would, but before it. Only credentials can make one, and they are the
    // same for every call of a deployment.
    if (!canBeSent) new Headers(request.headers);
    canBeSent = true;
    if (options && "abortSignal" in options && options.abortSignal) sent.add(options.abortSignal);
    const { response } = await handle(request, options);
    if (response.statusCode >= 300 || !ANSWERS_NOTHING.test(request.headers["x-amz-target"] ?? ""))
      return { response };
    const body: Uint8Array = await streamCollector(response.body);
    const isEmpty = body.length <= EMPTY_BYTES_MAX && EMPTY_OBJECT.test(new TextDecoder().decode(body));
    if (!isEmpty) throw new UnreadableAnswer("the answer holds what no such answer does");
    return { response: Object.assign(response, { body }) };
  };
  return sent;
};
