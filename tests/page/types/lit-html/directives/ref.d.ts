export interface Ref<T extends Element = Element> {
  readonly value?: T;
}
export declare function createRef<T extends Element = Element>(): Ref<T>;
export declare function ref(place: Ref<any> | ((element: Element | undefined) => void)): unknown;
