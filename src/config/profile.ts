/** dev mocks third parties and generates its secrets; stage and prod run the real images and integrations. */
export const PROFILES = ['dev', 'stage', 'prod'] as const

export type Profile = (typeof PROFILES)[number]

/** Whether a text read from outside (a label, a file) names a profile. */
export function isProfile(text: unknown): text is Profile {
  return PROFILES.some(profile => profile === text)
}
