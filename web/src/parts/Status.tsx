const WORDS: Record<string, readonly [tone: string, words: string]> = {
  ACTIVE: ["good", "Active"],
  DELIVERED: ["good", "Delivered"],
  PASSED: ["good", "Passed"],
  FAILING: ["warning", "Failing"],
  UNREACHABLE: ["warning", "Unreachable"],
  RETRYING: ["warning", "Trying again"],
  NEEDS_REAUTHENTICATION: ["bad", "Needs re-authentication"],
  UNAVAILABLE: ["bad", "Unavailable"],
  FAILED: ["bad", "Failed"],
  ERROR: ["bad", "Error"],
  PAUSED: ["quiet", "Paused"],
  SKIPPED: ["quiet", "Kept quiet"],
  PENDING: ["quiet", "Waiting"],
  NOTHING_RAN: ["quiet", "Nothing ran"],
};

/** A status in words, with a colour beside them. One that this page does not know yet is shown as the API names it. */
export function Status({ of }: { of: string }) {
  const [tone, words] = WORDS[of] ?? ["quiet", of.toLowerCase().replaceAll("_", " ")];
  return <span className={`status ${tone}`}>{words}</span>;
}
