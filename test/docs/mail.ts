// The `./mail.ts` that a reader of the docs has.
export declare function mail(text: string): Promise<void>
