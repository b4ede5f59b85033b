export declare function styleMap(styles: Record<string, string | number | undefined | null>): unknown;
