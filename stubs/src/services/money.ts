/** An amount in an API of the platform, such as `{value: '4500.00', currency: 'RUB'}`. */
export interface Money {
  value: string
  currency: string
}
