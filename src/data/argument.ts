/** Which argument of which call is being checked: how every message about it begins. Types only. */
export interface Argument {
  /** The call as the caller knows it, such as `fit`. */
  readonly where: string;
  /** The argument as the caller knows it, such as `X`. */
  readonly name: string;
}
