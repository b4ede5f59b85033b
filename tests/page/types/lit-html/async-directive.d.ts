import { Directive } from "./directive.js";
export { directive, Directive, PartType } from "./directive.js";
export declare abstract class AsyncDirective extends Directive {
  isConnected: boolean;
  setValue(value: unknown): void;
  protected disconnected(): void;
  protected reconnected(): void;
}
