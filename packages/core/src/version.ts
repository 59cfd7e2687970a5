/** The version of all packages of Lovage; a test holds it to what they say of themselves. */
export const VERSION = '0.1.0'
