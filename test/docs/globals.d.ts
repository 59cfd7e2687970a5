// What the examples of the docs take for granted. The rest of each example has to compile as it is printed.
declare const model: { score(text: string): Promise<number> }
declare const bar: { value: number }
declare const texts: string[]
declare function getToken(): string
