export interface Change {
  value: string;
  added: boolean;
  removed: boolean;
  count: number;
}
export declare function diffLines(
  before: string,
  after: string,
  options?: { maxEditLength?: number; timeout?: number; ignoreWhitespace?: boolean },
): Change[] | undefined;
