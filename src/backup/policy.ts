/** The retention policy: the number of days, weeks and months of which the newest backup is kept. */
export interface Policy {
  daily: number
  weekly: number
  monthly: number
}

/** The policy of `db:rotate` without flags. In a module of its own, because every `--help` loads it. */
export const DEFAULT_POLICY: Policy = {daily: 7, weekly: 4, monthly: 3}
