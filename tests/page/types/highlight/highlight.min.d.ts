declare const highlight: {
  highlight(code: string, options: { language: string; ignoreIllegals?: boolean }): { value: string; language: string };
  getLanguage(name: string): unknown;
  listLanguages(): string[];
  [member: string]: any;
};
export default highlight;
