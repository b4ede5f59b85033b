// What can go wrong for a client. A `LedgerApiError` is the service's own refusal; its `code` is stable.

/** All errors of this module are of this class. */
export class LedgerClientError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The service could not be reached, or the connection broke. `sent`: a command may have been executed. */
export class LedgerUnreachable extends LedgerClientError {
  constructor(message, { sent = false, cause } = {}) {
    super(message, { cause });
    this.sent = sent;
  }
}

/** Events are missing: after event `last` came event `got`, although the ids of this stream have no gaps. */
export class StreamHole extends LedgerClientError {
  constructor(stream, last, got) {
    super(`Events ${last + 1} to ${got - 1} are missing from ${stream}: after event ${last} came event ${got}.`);
    Object.assign(this, { stream, last, got });
  }
}

/** What came over an event stream is no event of this service. */
export class BadStream extends LedgerClientError {}

/** The service refused a request. `retryAfter`: seconds after which it may be repeated, where the service names them. */
export class LedgerApiError extends LedgerClientError {
  constructor(status, code, detail, retryAfter = null) {
    super(detail);
    Object.assign(this, { status, code, detail, retryAfter });
  }
}

/** The code of an error that another program on the way answered with, such as a proxy. */
export const NO_CODE = "not_of_the_service";

/** The error that a response stands for. */
export async function apiError(response) {
  const problem = await response.json().catch(() => null);
  const known = typeof problem?.code === "string" && typeof problem?.detail === "string";
  const { code, detail } = known
    ? problem
    : { code: NO_CODE, detail: `The answer has the status ${response.status} and is not of this service.` };
  const seconds = response.headers.get("Retry-After") ?? "";
  return new LedgerApiError(response.status, code, detail, /^[0-9]+$/.test(seconds) ? Number(seconds) : null);
}
