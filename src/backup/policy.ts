/** The retention policy: the number of days, weeks and months of which the newest backup is kept. */
export interface Policy {
  daily: number
  weekly: number
  monthly: number
}

/** How many days a safety backup is kept. */
export const SAFETY_DAYS = 7

/** The policy of `db:rotate` without flags. In a module of its own, because every `--help` loads it. */
export const DEFAULT_POLICY: Policy = {daily: 7, weekly: 4, monthly: 3}
