export declare function guard(values: unknown, value: () => unknown): unknown;
