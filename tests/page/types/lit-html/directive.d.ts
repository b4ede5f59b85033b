export interface PartInfo {
  readonly type: number;
}
export declare const PartType: Readonly<Record<"ATTRIBUTE" | "CHILD" | "PROPERTY" | "BOOLEAN_ATTRIBUTE" | "EVENT" | "ELEMENT", number>>;
export declare abstract class Directive {
  constructor(part: PartInfo);
  abstract render(...values: any[]): unknown;
  update(part: any, values: any[]): unknown;
}
export declare function directive<C extends new (part: PartInfo) => Directive>(
  made: C,
): (...values: Parameters<InstanceType<C>["render"]>) => unknown;
