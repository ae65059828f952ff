import {randomUUID} from 'node:crypto'
import {exampleOf, type ApiDocument} from '../../api/document.js'
import {HttpError} from '../../http/problem.js'
import type {Money} from '../money.js'

/** An event of an organizer, such as a regatta. */
export interface Event {
  id: string
  organizerId: string
  price: Money
  /** The number of places. */
  capacity: number
  /** The number of places that are not booked. */
  available: number
  status: string
}

/** What an organizer specifies about a new event. */
export type EventRequest = Omit<Event, 'id' | 'organizerId' | 'status' | 'available'>

/** The booking of places in an event. */
export interface Booking {
  id: string
  eventId: string
  userId: string
  /** Each takes one place. */
  participants: unknown[]
  status: BookingStatus
  reason?: string
}

/** What a user specifies about a new booking. */
export type BookingRequest = Pick<Booking, 'eventId' | 'participants'>

/** The states of a booking. A cancelled or rejected booking takes no places. */
export type BookingStatus = 'PENDING' | 'CONFIRMED' | 'CANCELLED' | 'REJECTED'

/** An organizer of events. */
export interface Organizer {
  id: string
  slug: string
}

const TRANSITIONS: Record<BookingStatus, BookingStatus[]> = {
  PENDING: ['CONFIRMED', 'CANCELLED', 'REJECTED'],
  CONFIRMED: ['CANCELLED', 'REJECTED'],
  CANCELLED: [],
  REJECTED: [],
}

const WITHOUT_PLACES: BookingStatus[] = ['CANCELLED', 'REJECTED']

/** Organizers, events and bookings, in memory. Initially they are the examples of the OpenAPI document. */
export class EventStore {
  readonly #organizers: readonly Organizer[]
  readonly #events: Map<string, Event>
  readonly #bookings: Map<string, Booking>

  constructor(document: ApiDocument) {
    this.#organizers = exampleOf(document, 'Organizers') as Organizer[]
    this.#events = byId(exampleOf(document, 'Events') as Event[])
    this.#bookings = byId((exampleOf(document, 'BookingPage') as {items: Booking[]}).items)
  }

  /** Returns the organizer with this id or slug. @throws HttpError 404 if there is none */
  organizer(key: Partial<Organizer>): Organizer {
    const organizer = this.#organizers.find(({id, slug}) => id === key.id || slug === key.slug)
    return organizer ?? notFound(`organizer ${key.id ?? key.slug}`)
  }

  /** Returns the event with this id. @throws HttpError 404 if there is none */
  event(id: string): Event {
    return this.#events.get(id) ?? notFound(`event ${id}`)
  }

  /** Returns the events of an organizer. */
  eventsOf({id}: Organizer): Event[] {
    return [...this.#events.values()].filter(({organizerId}) => organizerId === id)
  }

  /** Publishes a new event of an organizer. */
  addEvent({id: organizerId}: Organizer, request: EventRequest): Event {
    const event = {
      id: randomUUID(),
      organizerId,
      ...request,
      available: request.capacity,
      status: 'PUBLISHED',
    }
    this.#events.set(event.id, event)
    return event
  }

  /** Returns the bookings that match, the oldest first. */
  bookings(matches: (booking: Booking) => boolean): Booking[] {
    return [...this.#bookings.values()].filter(matches)
  }

  /** Returns the booking with this id. @throws HttpError 404 if there is none */
  booking(id: string): Booking {
    return this.#bookings.get(id) ?? notFound(`booking ${id}`)
  }

  /**
   * Returns the booking of a user. A booking of another user is reported as missing, so that ids cannot be probed.
   *
   * @throws HttpError 404 if the user has no booking with this id
   */
  ownBooking(id: string, userId: string): Booking {
    const booking = this.booking(id)
    return booking.userId === userId ? booking : notFound(`booking ${id}`)
  }

  /** Books places in an event. @throws HttpError 404 if the event is unknown, 409 if too few places are available */
  addBooking(request: BookingRequest, userId: string): Booking {
    const event = this.event(request.eventId)
    const places = request.participants.length
    if (places > event.available) {
      throw new HttpError(409, `The event has only ${event.available} places left.`)
    }
    const booking = {id: randomUUID(), ...request, userId, ...initialFields(event, places)}
    this.#events.set(event.id, {...event, available: event.available - places})
    this.#bookings.set(booking.id, booking)
    return booking
  }

  /**
   * Changes the status of a booking, and frees its places if it no longer takes any. Setting the current status again
   * has no effect.
   *
   * @throws HttpError 409 if the current status does not allow the change
   */
  setStatus(booking: Booking, status: BookingStatus, changes: Partial<Booking> = {}): Booking {
    if (booking.status !== status && !TRANSITIONS[booking.status].includes(status)) {
      throw new HttpError(409, `The booking is ${booking.status} and cannot become ${status}.`)
    }
    const event = this.event(booking.eventId)
    const isFreed = WITHOUT_PLACES.includes(status) && !WITHOUT_PLACES.includes(booking.status)
    const freed = isFreed ? booking.participants.length : 0
    this.#events.set(event.id, {...event, available: event.available + freed})
    const changed = {...booking, ...changes, status}
    this.#bookings.set(booking.id, changed)
    return changed
  }
}

function initialFields({price}: Event, places: number): {status: 'PENDING'; price: Money; createdAt: string} {
  const value = (Number(price.value) * places).toFixed(2)
  return {status: 'PENDING', price: {...price, value}, createdAt: new Date().toISOString()}
}

function byId<T extends {id: string}>(items: T[]): Map<string, T> {
  return new Map(items.map(item => [item.id, item]))
}

function notFound(what: string): never {
  throw new HttpError(404, `The ${what} does not exist.`)
}
