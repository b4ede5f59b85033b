export interface Token {
  type: string;
  raw: string;
  text?: string;
  lang?: string;
  href?: string;
  title?: string | null;
  depth?: number;
  ordered?: boolean;
  tokens?: Token[];
  [member: string]: any;
}
export declare class Marked {
  constructor(...options: Record<string, unknown>[]);
  use(...options: Record<string, unknown>[]): this;
  parse(text: string, options?: Record<string, unknown>): string;
  parseInline(text: string, options?: Record<string, unknown>): string;
  lexer(text: string, options?: Record<string, unknown>): Token[];
  parser(tokens: Token[], options?: Record<string, unknown>): string;
}
export declare const marked: Marked & ((text: string, options?: Record<string, unknown>) => string);
