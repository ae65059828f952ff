import type {ApiDocument} from '../../api/document.js'
import type {ApiCall, ApiResponse, Handlers} from '../../api/serve.js'
import {EventStore, type Booking, type BookingRequest, type EventRequest} from './store.js'

interface Paging {
  /** Counted from 0. */
  page?: number
  size?: number
  status?: string
}

type Decision = Pick<Booking, 'status' | 'reason'>

/** Creates the handlers of the event service. New events and bookings are kept in memory. */
export function eventHandlers(document: ApiDocument): Handlers {
  const store = new EventStore(document)
  return {...organizerHandlers(store), ...bookingHandlers(store)}
}

function organizerHandlers(store: EventStore): Handlers {
  return {
    getOrganizer({params}: ApiCall) {
      const organizer = store.organizer({slug: params.slug!})
      return {status: 200, body: {...organizer, events: store.eventsOf(organizer)}}
    },

    getEvent: ({params}: ApiCall) => ({status: 200, body: store.event(params.eventId!)}),

    createEvent({params, body}: ApiCall<EventRequest>) {
      const event = store.addEvent(store.organizer({id: params.id!}), body)
      return {status: 201, body: event, headers: {location: `/api/v1/events/${event.id}`}}
    },

    listOrganizerBookings({params, query}: ApiCall<unknown, Paging>) {
      const ids = new Set(store.eventsOf(store.organizer({id: params.id!})).map(({id}) => id))
      return createPage(
        store.bookings(({eventId}) => ids.has(eventId)),
        query,
      )
    },

    setBookingStatus: ({params, body}: ApiCall<Decision>) => ({
      status: 200,
      body: store.setStatus(store.booking(params.id!), body.status, body),
    }),
  }
}

function bookingHandlers(store: EventStore): Handlers {
  return {
    createBooking({body, claims}: ApiCall<BookingRequest>) {
      const booking = store.addBooking(body, claims.sub)
      return {status: 201, body: booking, headers: {location: `/api/v1/bookings/${booking.id}`}}
    },

    listBookings: ({claims, query}: ApiCall<unknown, Paging>) =>
      createPage(
        store.bookings(({userId}) => userId === claims.sub),
        query,
      ),

    confirmBooking: ({params, claims}: ApiCall) => ({
      status: 200,
      body: store.setStatus(store.ownBooking(params.id!, claims.sub), 'CONFIRMED'),
    }),

    cancelBooking: ({params, claims}: ApiCall) => ({
      status: 200,
      body: store.setStatus(store.ownBooking(params.id!, claims.sub), 'CANCELLED'),
    }),
  }
}

/** Creates a page of bookings with this status, the newest first. */
function createPage(bookings: Booking[], {page = 0, size = 20, status}: Paging): ApiResponse {
  const matching = bookings.filter(booking => !status || booking.status === status).reverse()
  const items = matching.slice(page * size, (page + 1) * size)
  return {status: 200, body: {items, page, size, total: matching.length}}
}
