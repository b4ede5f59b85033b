export declare function classMap(classes: Record<string, string | boolean | number>): unknown;
