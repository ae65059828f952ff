/** dev mocks third parties and generates its secrets; stage and prod run real images and real integrations. */
export const PROFILES = ['dev', 'stage', 'prod'] as const

export type Profile = (typeof PROFILES)[number]

/** Returns whether a value read from outside, such as a label or a file, is a profile. */
export function isProfile(text: unknown): text is Profile {
  return PROFILES.some(profile => profile === text)
}
