import {randomUUID} from 'node:crypto'
import {exampleOf, type ApiDocument} from '../api/document.js'
import type {Answer, Call, Handlers} from '../api/serve.js'
import {Refusal} from '../http/problem.js'

interface Money {
  value: string
  currency: string
}

interface Event {
  id: string
  organizerId: string
  price: Money
  capacity: number
  available: number
  status: string
}

interface Booking {
  id: string
  eventId: string
  userId: string
  participants: unknown[]
  status: 'PENDING' | 'CONFIRMED' | 'CANCELLED' | 'REJECTED'
  reason?: string
}

interface Organizer {
  id: string
  slug: string
}

interface Paging {
  page?: number
  size?: number
  status?: string
}

/** Events that are announced and bookings are remembered, beside those of the document's examples. */
export function eventHandlers(document: ApiDocument): Handlers {
  const organizers = exampleOf(document, 'Organizers') as Organizer[]
  const events = byId(exampleOf(document, 'Events') as Event[])
  const bookings = byId((exampleOf(document, 'BookingPage') as {items: Booking[]}).items)

  const eventsOf = (organizerId: string): Event[] =>
    [...events.values()].filter(event => event.organizerId === organizerId)
  const found = (id: string): Event => events.get(id) ?? missing(`event ${id}`)
  const foundOrganizer = (id: string): Organizer =>
    organizers.find(organizer => organizer.id === id) ?? missing(`organizer ${id}`)

  function decide(id: string, status: Booking['status'], more: Partial<Booking> = {}): Answer {
    const booking = bookings.get(id) ?? missing(`booking ${id}`)
    if (booking.status !== status && !NEXT[booking.status].includes(status)) {
      throw new Refusal(409, `The booking is ${booking.status} and cannot become ${status}.`)
    }
    const event = found(booking.eventId)
    const freed = FREE.includes(status) && !FREE.includes(booking.status) ? booking.participants.length : 0
    events.set(event.id, {...event, available: event.available + freed})
    const changed = {...booking, ...more, status}
    bookings.set(id, changed)
    return {status: 200, body: changed}
  }

  /** What is not one's own is not there. */
  const own = (id: string, userId: string): string =>
    bookings.get(id)?.userId === userId ? id : missing(`booking ${id} of yours`)

  return {
    getOrganizer({params}: Call) {
      const organizer =
        organizers.find(({slug}) => slug === params.slug) ?? missing(`organizer ${params.slug}`)
      return {status: 200, body: {...organizer, events: eventsOf(organizer.id)}}
    },

    getEvent: ({params}: Call) => ({status: 200, body: found(params.eventId!)}),

    createEvent({params, body}: Call<Omit<Event, 'id' | 'organizerId' | 'status' | 'available'>>) {
      const organizerId = foundOrganizer(params.id!).id
      const event = {id: randomUUID(), organizerId, ...body, available: body.capacity, status: 'PUBLISHED'}
      events.set(event.id, event)
      return {status: 201, body: event, headers: {location: `/api/v1/events/${event.id}`}}
    },

    createBooking({body, claims}: Call<{eventId: string; participants: unknown[]}>) {
      const event = found(body.eventId)
      const places = body.participants.length
      if (places > event.available) throw new Refusal(409, `The event has ${event.available} places left.`)
      const booking = {id: randomUUID(), ...body, userId: claims.sub, ...newBooking(event, places)}
      events.set(event.id, {...event, available: event.available - places})
      bookings.set(booking.id, booking)
      return {status: 201, body: booking, headers: {location: `/api/v1/bookings/${booking.id}`}}
    },

    listBookings: ({claims, query}: Call<unknown, Paging>) =>
      page(
        [...bookings.values()].filter(({userId}) => userId === claims.sub),
        query,
      ),

    listOrganizerBookings({params, query}: Call<unknown, Paging>) {
      const ids = new Set(eventsOf(foundOrganizer(params.id!).id).map(({id}) => id))
      return page(
        [...bookings.values()].filter(({eventId}) => ids.has(eventId)),
        query,
      )
    },

    confirmBooking: ({params, claims}: Call) => decide(own(params.id!, claims.sub), 'CONFIRMED'),
    cancelBooking: ({params, claims}: Call) => decide(own(params.id!, claims.sub), 'CANCELLED'),
    setBookingStatus: ({params, body}: Call<{status: Booking['status']; reason?: string}>) =>
      decide(params.id!, body.status, body),
  }
}

const NEXT: Record<Booking['status'], Booking['status'][]> = {
  PENDING: ['CONFIRMED', 'CANCELLED', 'REJECTED'],
  CONFIRMED: ['CANCELLED', 'REJECTED'],
  CANCELLED: [],
  REJECTED: [],
}

/** What takes no places. */
const FREE: Booking['status'][] = ['CANCELLED', 'REJECTED']

function newBooking({price}: Event, places: number): {status: 'PENDING'; price: Money; createdAt: string} {
  const value = (Number(price.value) * places).toFixed(2)
  return {status: 'PENDING', price: {...price, value}, createdAt: new Date().toISOString()}
}

function byId<T extends {id: string}>(items: T[]): Map<string, T> {
  return new Map(items.map(item => [item.id, item]))
}

/** The newest first. */
function page(bookings: Booking[], {page: number = 0, size = 20, status}: Paging): Answer {
  const wanted = bookings.filter(booking => !status || booking.status === status).reverse()
  const items = wanted.slice(number * size, (number + 1) * size)
  return {status: 200, body: {items, page: number, size, total: wanted.length}}
}

function missing(what: string): never {
  throw new Refusal(404, `There is no ${what}.`)
}
