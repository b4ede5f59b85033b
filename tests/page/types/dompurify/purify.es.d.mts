declare const purify: {
  sanitize(text: string, options: Record<string, unknown> & { RETURN_DOM_FRAGMENT: true }): DocumentFragment;
  sanitize(text: string, options?: Record<string, unknown>): string;
  addHook(name: string, hook: (node: Element, data: any, options: any) => void): void;
  isSupported: boolean;
};
export default purify;
